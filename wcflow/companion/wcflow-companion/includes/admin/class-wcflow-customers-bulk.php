<?php
/**
 * The bulk actions of the list of customers.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Names the bulk actions, prints their fields, and sends them.
 */
class Wcflow_Customers_Bulk {

	/**
	 * Return the bulk actions.
	 *
	 * @return array
	 */
	public static function actions() {
		if ( ! Wcflow_Admin::may_edit() ) {
			return array();
		}
		return array(
			'tag.add'         => __( 'Add tag', 'wcflow-companion' ),
			'tag.remove'      => __( 'Remove tag', 'wcflow-companion' ),
			'group.add'       => __( 'Add to group', 'wcflow-companion' ),
			'group.remove'    => __( 'Remove from group', 'wcflow-companion' ),
			'note.add'        => __( 'Add note', 'wcflow-companion' ),
			'status.active'   => __( 'Set status to active', 'wcflow-companion' ),
			'status.inactive' => __( 'Set status to inactive', 'wcflow-companion' ),
		);
	}

	/**
	 * Do the bulk action that was sent, and go back to the list.
	 *
	 * @param string|false $action Bulk action.
	 */
	public static function handle( $action ) {
		if ( ! $action || ! array_key_exists( $action, self::actions() ) ) {
			return;
		}
		check_admin_referer( 'bulk-customers' );
		$back    = Wcflow_Html::url( 'customers', Wcflow_Customers_Table::filters() );
		$page    = isset( $_REQUEST['paged'] ) ? absint( $_REQUEST['paged'] ) : 1;
		$back    = $page > 1 ? add_query_arg( 'paged', $page, $back ) : $back;
		$persons = isset( $_POST['customer'] ) ? array_filter( array_map( 'absint', (array) $_POST['customer'] ) ) : array();
		$input   = self::input();
		$sent    = $action;
		if ( 0 === strpos( $action, 'status.' ) ) {
			$input['status'] = substr( $action, 7 );
			$sent            = 'status.set';
		}
		$adding = str_replace( array( 'tag.remove', 'group.remove' ), array( 'tag.add', 'group.add' ), $sent );
		$data   = $persons || Wcflow_Select_All::is_wanted() ? Wcflow_Requests::clean( $adding, $input ) : __( 'Select one or more customers first.', 'wcflow-companion' );
		if ( ! is_string( $data ) && Wcflow_Select_All::is_wanted() ) {
			$data = Wcflow_Select_All::handle( $action, $sent, $data, $back );
			if ( null === $data ) {
				return; // The screen asks whether everyone is meant.
			}
		}
		if ( is_string( $data ) ) {
			wp_safe_redirect( add_query_arg( Wcflow_Requests::problem( $data ), $back ) );
			exit;
		}
		$rows = Wcflow_People::rows( $persons );
		foreach ( $rows as $row ) {
			if ( Wcflow_Cards::is_other_database( Wcflow_Requests::generation(), $row['generation'] ) ) {
				wp_safe_redirect( add_query_arg( Wcflow_Requests::problem( __( 'The list of customers was made anew. Nothing has been changed: select the customers again.', 'wcflow-companion' ) ), $back ) );
				exit;
			}
		}
		wp_safe_redirect( add_query_arg( 'wcflow_bulk', Wcflow_Bulk::send( $rows, $sent, $data ), $back ) );
		exit;
	}

	/**
	 * Return what was typed into the fields of the bulk actions.
	 *
	 * @return string[]
	 */
	public static function input() {
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- checked by the callers.
		$value = isset( $_POST['wcflow_value'] ) ? wp_unslash( (array) $_POST['wcflow_value'] ) : array(); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- cleaned below.
		$input = array( 'category' => isset( $_POST['wcflow_category'] ) ? sanitize_text_field( wp_unslash( $_POST['wcflow_category'] ) ) : '' );
		foreach ( array( 'tag', 'group' ) as $kind ) {
			$input[ $kind ] = isset( $value[ $kind ] ) && is_scalar( $value[ $kind ] ) ? (string) $value[ $kind ] : '';
		}
		$input['text'] = isset( $value['note'] ) && is_scalar( $value['note'] ) ? (string) $value['note'] : '';
		// phpcs:enable
		return $input;
	}

	/**
	 * Return the words of a bulk action and its value: what it is about, by label.
	 *
	 * @param string $action Bulk action.
	 * @return string[]
	 */
	public static function words( $action ) {
		$input = self::input();
		$words = array( __( 'Change', 'wcflow-companion' ) => self::actions()[ $action ] );
		if ( 0 === strpos( $action, 'tag.' ) ) {
			$words[ __( 'Tag', 'wcflow-companion' ) ] = $input['tag'];
		} elseif ( 0 === strpos( $action, 'group.' ) ) {
			$words[ __( 'Group', 'wcflow-companion' ) ] = $input['group'];
		} elseif ( 'note.add' === $action ) {
			$words[ __( 'Note', 'wcflow-companion' ) ] = $input['text'];
		}
		return $words;
	}

	/**
	 * Print the fields of the bulk actions. The script shows the one that the chosen action needs.
	 */
	public static function fields() {
		$fields = array(
			'tag'   => array( 'tag.add tag.remove', __( 'Tag for the bulk action', 'wcflow-companion' ), 'tags' ),
			'group' => array( 'group.add group.remove', __( 'Group for the bulk action', 'wcflow-companion' ), 'groups' ),
			'note'  => array( 'note.add', __( 'Note for the bulk action', 'wcflow-companion' ), '' ),
		);
		echo '<div class="alignleft actions wcflow-bulk-fields">';
		foreach ( $fields as $name => $field ) {
			echo '<span class="wcflow-bulk-field" data-wcflow-for="' . esc_attr( $field[0] ) . '"><label class="screen-reader-text" for="wcflow-bulk-' . esc_attr( $name ) . '">' . esc_html( $field[1] ) . '</label>';
			echo '<input type="text" id="wcflow-bulk-' . esc_attr( $name ) . '" name="wcflow_value[' . esc_attr( $name ) . ']" placeholder="' . esc_attr( $field[1] ) . '" autocomplete="off"' . ( $field[2] ? ' list="wcflow-bulk-list-' . esc_attr( $name ) . '"' : '' ) . '>';
			if ( $field[2] ) {
				Wcflow_Html::suggestions( 'wcflow-bulk-list-' . $name, $field[2] );
			} else {
				echo '<label class="screen-reader-text" for="wcflow-bulk-category">' . esc_html__( 'Category of the note', 'wcflow-companion' ) . '</label><select id="wcflow-bulk-category" name="wcflow_category">';
				foreach ( Wcflow_Admin::vocabulary( 'note_categories' ) as $category ) {
					echo '<option value="' . esc_attr( $category ) . '">' . esc_html( Wcflow_Person_Parts::category( $category ) ) . '</option>';
				}
				echo '</select>';
			}
			echo '</span>';
		}
		echo '</div>';
	}
}
