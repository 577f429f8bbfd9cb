<?php
/**
 * What changes in orders and customers.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Listens to WordPress and WooCommerce and tells the stream of changes.
 */
class Wcflow_Changes {
	const META  = '/^(_|session_tokens$|last_update$|wc_last_active$|locale$|nickname$|rich_editing$|syntax_highlighting$|comment_shortcuts$|admin_color$|use_ssl$|show_|dismissed_|default_password_nag$|community-events|managenav|manageedit|closedpostboxes|metaboxhidden|meta-box-order|screen_layout|edit_|wcflow_cart)/';
	const TYPES = array( 'shop_order', 'shop_order_refund' );

	/**
	 * Registers the hooks.
	 */
	public static function init() {
		self::listen_to_orders();
		self::listen_to_notes();
		self::listen_to_customers();
	}

	/**
	 * Registers the hooks of orders in either storage.
	 */
	private static function listen_to_orders() {
		foreach ( array( 'woocommerce_new_order', 'woocommerce_update_order', 'woocommerce_untrash_order', 'woocommerce_order_refunded' ) as $hook ) {
			add_action( $hook, array( __CLASS__, 'order_saved' ) );
		}
		add_action( 'woocommerce_after_order_object_save', array( __CLASS__, 'order_object_saved' ) );
		add_action( 'woocommerce_trash_order', array( __CLASS__, 'order_trashed' ) );
		add_action( 'woocommerce_before_delete_order', array( __CLASS__, 'order_deleted' ) );
		add_filter( 'woocommerce_pre_delete_order_refund', array( __CLASS__, 'refund_deleted' ), 1000, 2 );
		add_action( 'save_post', array( __CLASS__, 'post_saved' ), 10, 2 );
		add_action( 'untrashed_post', array( __CLASS__, 'post_saved' ) );
		add_action( 'trashed_post', array( __CLASS__, 'post_trashed' ) );
		add_action( 'before_delete_post', array( __CLASS__, 'post_deleted' ) );
		foreach ( array( 'added_post_meta', 'updated_post_meta', 'deleted_post_meta' ) as $hook ) {
			add_action( $hook, array( __CLASS__, 'post_meta_changed' ), 10, 3 );
		}
	}

	/**
	 * Registers the hooks of order notes.
	 */
	private static function listen_to_notes() {
		add_action( 'wp_insert_comment', array( __CLASS__, 'note_changed' ) );
		add_action( 'edit_comment', array( __CLASS__, 'note_changed' ) );
		add_action( 'delete_comment', array( __CLASS__, 'note_changed' ) );
		add_action( 'trashed_comment', array( __CLASS__, 'note_changed' ) );
	}

	/**
	 * Registers the hooks of customers.
	 */
	private static function listen_to_customers() {
		foreach ( array( 'user_register', 'profile_update', 'set_user_role', 'add_user_role', 'remove_user_role', 'woocommerce_new_customer', 'woocommerce_update_customer', 'woocommerce_customer_save_address', 'add_user_to_blog' ) as $hook ) {
			add_action( $hook, array( __CLASS__, 'customer_saved' ) );
		}
		foreach ( array( 'added_user_meta', 'updated_user_meta', 'deleted_user_meta' ) as $hook ) {
			add_action( $hook, array( __CLASS__, 'user_meta_changed' ), 10, 3 );
		}
		add_action( 'deleted_user', array( __CLASS__, 'customer_deleted' ) );
		add_action( 'remove_user_from_blog', array( __CLASS__, 'customer_removed' ), 10, 2 );
		add_action( 'wpmu_delete_user', array( __CLASS__, 'customer_deleted_everywhere' ) );
	}

	/**
	 * An order was saved.
	 *
	 * @param int $order_id Id of the order.
	 */
	public static function order_saved( $order_id ) {
		Wcflow_Streams::append_change( 'order', $order_id, 'saved' );
	}

	/**
	 * An order was saved as an object, also where only its meta changed.
	 *
	 * @param WC_Order $order Order.
	 */
	public static function order_object_saved( $order ) {
		if ( is_object( $order ) && method_exists( $order, 'get_type' ) && in_array( $order->get_type(), self::TYPES, true ) ) {
			$refund = 'shop_order_refund' === $order->get_type();
			self::order_saved( $refund ? $order->get_parent_id() : $order->get_id() );
		}
	}

	/**
	 * An order was moved to the trash.
	 *
	 * @param int $order_id Id of the order.
	 */
	public static function order_trashed( $order_id ) {
		Wcflow_Streams::append_change( 'order', $order_id, 'trashed' );
	}

	/**
	 * An order is deleted for good.
	 *
	 * @param int $order_id Id of the order.
	 */
	public static function order_deleted( $order_id ) {
		Wcflow_Streams::append_change( 'order', $order_id, 'deleted' );
	}

	/**
	 * A refund is deleted, which changes its order.
	 *
	 * @param mixed           $check  What the filter decides, which stays.
	 * @param WC_Order_Refund $refund Refund.
	 */
	public static function refund_deleted( $check, $refund ) {
		self::order_saved( $refund->get_parent_id() );
		return $check;
	}

	/**
	 * An order in the storage of posts was saved.
	 *
	 * @param int $post_id Id of a post.
	 */
	public static function post_saved( $post_id ) {
		self::post_changed( $post_id, 'saved' );
	}

	/**
	 * An order in the storage of posts was moved to the trash.
	 *
	 * @param int $post_id Id of a post.
	 */
	public static function post_trashed( $post_id ) {
		self::post_changed( $post_id, 'trashed' );
	}

	/**
	 * An order in the storage of posts is deleted for good.
	 *
	 * @param int $post_id Id of a post.
	 */
	public static function post_deleted( $post_id ) {
		self::post_changed( $post_id, 'deleted' );
	}

	/**
	 * Meta of an order in the storage of posts changed.
	 *
	 * @param int|int[] $meta_id Id of the meta.
	 * @param int       $post_id Id of a post.
	 * @param string    $key     Key of the meta.
	 */
	public static function post_meta_changed( $meta_id, $post_id, $key ) {
		if ( '_edit_lock' !== $key && '_edit_last' !== $key ) {
			self::post_changed( $post_id, 'saved' );
		}
	}

	/**
	 * An order note was written, edited or deleted.
	 *
	 * @param int $comment_id Id of a comment.
	 */
	public static function note_changed( $comment_id ) {
		$comment = get_comment( $comment_id );
		if ( $comment && 'order_note' === $comment->comment_type ) {
			Wcflow_Streams::append_change( 'order', $comment->comment_post_ID, 'note' );
		}
	}

	/**
	 * A user changed.
	 *
	 * @param int $user_id Id of the user.
	 */
	public static function customer_saved( $user_id ) {
		Wcflow_Streams::append_change( 'customer', $user_id, 'saved' );
	}

	/**
	 * Meta of a user changed; what only the dashboard remembers is no change.
	 *
	 * @param int|int[] $meta_id Id of the meta.
	 * @param int       $user_id Id of the user.
	 * @param string    $key     Key of the meta.
	 */
	public static function user_meta_changed( $meta_id, $user_id, $key ) {
		global $wpdb;
		$key   = (string) $key;
		$own   = $wpdb->get_blog_prefix() . 'capabilities';
		$other = 0 === strpos( $key, $wpdb->base_prefix ) && $own !== $key;
		if ( $other || preg_match( self::META, $key ) ) {
			return;
		}
		self::customer_saved( $user_id );
	}

	/**
	 * A user was deleted.
	 *
	 * @param int $user_id Id of the user.
	 */
	public static function customer_deleted( $user_id ) {
		Wcflow_Streams::append_change( 'customer', $user_id, 'deleted' );
	}

	/**
	 * A user was taken off one site of a network.
	 *
	 * @param int $user_id Id of the user.
	 * @param int $blog_id Number of the site.
	 */
	public static function customer_removed( $user_id, $blog_id ) {
		if ( get_current_blog_id() === (int) $blog_id ) {
			self::customer_deleted( $user_id );
		}
	}

	/**
	 * A user of a network is deleted; only this site is told, the others by the hook of their removal.
	 *
	 * @param int $user_id Id of the user.
	 */
	public static function customer_deleted_everywhere( $user_id ) {
		if ( is_user_member_of_blog( $user_id ) ) {
			self::customer_deleted( $user_id );
		}
	}

	/**
	 * Tells that a post changed, if it is an order or a refund.
	 *
	 * @param int    $post_id Id of a post.
	 * @param string $what    One of saved, trashed and deleted.
	 */
	private static function post_changed( $post_id, $what ) {
		$type = get_post_type( $post_id );
		if ( 'shop_order' === $type ) {
			Wcflow_Streams::append_change( 'order', $post_id, $what );
		} elseif ( 'shop_order_refund' === $type ) {
			Wcflow_Streams::append_change( 'order', wp_get_post_parent_id( $post_id ), 'saved' );
		}
	}
}
