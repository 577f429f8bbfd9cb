<?php
/**
 * The people that the daemon pushed.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Saves, finds and lists people; the only place that reads and writes their tables.
 */
class Wcflow_People {
	const ORDERS  = array( 'name', 'spent', 'orders', 'last_order', 'segment', 'segment_since', 'points' );
	const FILTERS = array( 'segment', 'tag', 'group', 'company', 'status', 'tier' );
	const MANY    = 10000;

	/**
	 * Saves one card and says whether that went well.
	 *
	 * @param array $card Card as the daemon pushes it.
	 */
	public static function save( $card ) {
		return array() === self::save_many( array( $card ), self::generation() );
	}

	/**
	 * Saves cards; returns those that were refused as person and why.
	 *
	 * @param array  $cards      Cards.
	 * @param string $generation Generation that the daemon gave.
	 */
	public static function save_many( $cards, $generation ) {
		return Wcflow_Cards::save_many( $cards, $generation );
	}

	/**
	 * Removes people and returns how many there were.
	 *
	 * @param int[] $ids Ids of people.
	 */
	public static function gone( $ids ) {
		return Wcflow_Cards::remove( $ids );
	}

	/**
	 * Returns the generation that the daemon gave last, or an empty string.
	 */
	public static function generation() {
		return (string) get_option( 'wcflow_generation', '' );
	}

	/**
	 * Returns one person with everything on the card, or null.
	 *
	 * @param int $person Id of a person.
	 */
	public static function find( $person ) {
		global $wpdb;
		$rows = self::rows( array( (int) $person ) );
		if ( ! $rows ) {
			return null;
		}
		$table = Wcflow_Tables::name( 'cards' );
		$card  = $wpdb->get_var( $wpdb->prepare( "SELECT card FROM `$table` WHERE person = %d", $person ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		return $rows[ (int) $person ] + Wcflow_Cards::normal( Wcflow_Streams::decode( $card ) );
	}

	/**
	 * Returns the person of an account, with everything on the card, or null.
	 *
	 * @param int $user_id Id of a user.
	 */
	public static function find_by_customer( $user_id ) {
		global $wpdb;
		$table  = Wcflow_Tables::name( 'accounts' );
		$person = $wpdb->get_var( $wpdb->prepare( "SELECT person FROM `$table` WHERE customer_id = %d", $user_id ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		return $person ? self::find( $person ) : null;
	}

	/**
	 * Returns the person of an address, with everything on the card, or null.
	 *
	 * @param string $email Address.
	 */
	public static function find_by_email( $email ) {
		$found = self::persons_by_emails( array( $email ) );
		return $found ? self::find( reset( $found ) ) : null;
	}

	/**
	 * Returns the rows of the people of accounts, by id of the user.
	 *
	 * @param int[] $ids Ids of users.
	 */
	public static function find_many_by_customers( $ids ) {
		return self::by_key( self::persons_by_customers( $ids ) );
	}

	/**
	 * Returns the rows of the people of addresses, by address in lower case.
	 *
	 * @param string[] $emails Addresses.
	 */
	public static function find_many_by_emails( $emails ) {
		return self::by_key( self::persons_by_emails( $emails ) );
	}

	/**
	 * Returns rows by id of the person, without those that are not there.
	 *
	 * @param int[] $persons Ids of people.
	 */
	public static function rows( $persons ) {
		global $wpdb;
		$persons = array_values( array_unique( array_filter( array_map( 'intval', $persons ) ) ) );
		if ( ! $persons ) {
			return array();
		}
		$table = Wcflow_Tables::name( 'people' );
		$marks = implode( ',', array_fill( 0, count( $persons ), '%d' ) );
		$rows  = array();
		// phpcs:ignore WordPress.DB
		foreach ( (array) $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `$table` WHERE person IN ($marks)", $persons ), ARRAY_A ) as $row ) {
			$rows[ (int) $row['person'] ] = self::shape( $row );
		}
		return $rows;
	}

	/**
	 * Returns the rows of one page of a list, and how many match in all; where several filters are met by more
	 * than MANY, one more than MANY.
	 *
	 * @param array $args search, segment, tag, group, company, status, tier, orderby (one of ORDERS), order (asc or desc), page, per_page.
	 */
	public static function query( $args ) {
		$query   = new Wcflow_People_Query( $args );
		$persons = $query->persons();
		$rows    = self::rows( $persons );
		$sorted  = array();
		foreach ( $persons as $person ) {
			if ( isset( $rows[ $person ] ) ) {
				$sorted[] = $rows[ $person ];
			}
		}
		return array( $sorted, $query->total() );
	}

	/**
	 * Returns everyone who matches, as id of the person and of the account or 0, in the order of ids.
	 *
	 * @param array $args Filters as for query.
	 * @param int   $most How many at most.
	 */
	public static function pairs( $args, $most ) {
		global $wpdb;
		$query = new Wcflow_People_Query( $args );
		$table = Wcflow_Tables::name( 'people' );
		$pairs = array();
		foreach ( array_chunk( $query->persons_after( 0, $most ), 1000 ) as $persons ) {
			$in = implode( ',', $persons );
			// phpcs:ignore WordPress.DB
			foreach ( (array) $wpdb->get_results( "SELECT person, customer_id FROM `$table` WHERE person IN ($in) ORDER BY person" ) as $row ) {
				$pairs[] = array( (int) $row->person, (int) $row->customer_id );
			}
		}
		return $pairs;
	}

	/**
	 * Returns the next rows in the order of ids, for a file with everybody or an operation on all that match.
	 *
	 * @param array $args  Filters as for query.
	 * @param int   $after Id of the last person that was handled.
	 * @param int   $limit How many rows at most.
	 */
	public static function walk( $args, $after, $limit = 500 ) {
		$query = new Wcflow_People_Query( $args );
		$rows  = self::rows( $query->persons_after( (int) $after, (int) $limit ) );
		ksort( $rows );
		return array_values( $rows );
	}

	/**
	 * Returns how many people there are.
	 */
	public static function count() {
		global $wpdb;
		$table = Wcflow_Tables::name( 'people' );
		return (int) $wpdb->get_var( "SELECT COUNT(*) FROM `$table` FORCE INDEX (customer_id)" ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Returns how many people have a label; of more than some number one more.
	 *
	 * @param string $kind One of FILTERS.
	 * @param string $name Name of the label.
	 * @param int    $most Number up to which it is counted.
	 */
	public static function count_labelled( $kind, $name, $most ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'labels' );
		// phpcs:ignore WordPress.DB.PreparedSQL
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM ( SELECT person FROM `$table` WHERE kind = %s AND name = %s LIMIT %d ) l", $kind, Wcflow_Streams::cut( $name ), $most + 1 ) );
	}

	/**
	 * Returns how many people have each name of one kind of label.
	 *
	 * @param string $kind One of FILTERS.
	 */
	public static function counts( $kind ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'labels' );
		$rows  = $wpdb->get_results( $wpdb->prepare( "SELECT name, COUNT(*) AS people FROM `$table` WHERE kind = %s GROUP BY name ORDER BY name LIMIT 1000", $kind ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		return array_map( 'intval', wp_list_pluck( (array) $rows, 'people', 'name' ) );
	}

	/**
	 * Returns names of one kind that begin with some letters, for suggestions.
	 *
	 * @param string $kind   One of FILTERS.
	 * @param string $prefix First letters.
	 * @param int    $limit  How many at most.
	 */
	public static function names( $kind, $prefix = '', $limit = 20 ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'labels' );
		$like  = $wpdb->esc_like( $prefix ) . '%';
		return $wpdb->get_col( $wpdb->prepare( "SELECT DISTINCT name FROM `$table` WHERE kind = %s AND name LIKE %s ORDER BY name LIMIT %d", $kind, $like, $limit ) ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Returns the ids of the people of accounts, by id of the user.
	 *
	 * @param int[] $ids Ids of users.
	 */
	public static function persons_by_customers( $ids ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'accounts' );
		$in    = implode( ',', array_filter( array_map( 'intval', $ids ) ) );
		$found = '' === $in ? array() : $wpdb->get_results( "SELECT customer_id, person FROM `$table` WHERE customer_id IN ($in)" ); // phpcs:ignore WordPress.DB
		return array_map( 'intval', wp_list_pluck( (array) $found, 'person', 'customer_id' ) );
	}

	/**
	 * Returns the ids of the people of addresses, by address in lower case.
	 *
	 * @param string[] $emails Addresses.
	 */
	public static function persons_by_emails( $emails ) {
		global $wpdb;
		$wanted = array();
		foreach ( $emails as $email ) {
			$email = Wcflow_Cards::email( $email );
			if ( '' !== $email ) {
				$wanted[ $email ] = true;
			}
		}
		if ( ! $wanted ) {
			return array();
		}
		$table   = Wcflow_Tables::name( 'identities' );
		$marks   = implode( ',', array_fill( 0, count( $wanted ), '%s' ) );
		$found   = $wpdb->get_results( $wpdb->prepare( "SELECT value, person FROM `$table` WHERE kind = 'email' AND value IN ($marks) ORDER BY person", array_map( 'strval', array_keys( $wanted ) ) ) ); // phpcs:ignore WordPress.DB
		$persons = array();
		foreach ( (array) $found as $row ) {
			if ( isset( $wanted[ $row->value ] ) ) { // The database also finds ä for a.
				$persons[ $row->value ] = (int) $row->person;
			}
		}
		return $persons;
	}

	/**
	 * Returns rows by what led to them.
	 *
	 * @param array $persons Ids of people by any key.
	 */
	private static function by_key( $persons ) {
		$rows  = self::rows( $persons );
		$found = array();
		foreach ( $persons as $key => $person ) {
			if ( isset( $rows[ (int) $person ] ) ) {
				$found[ $key ] = $rows[ (int) $person ];
			}
		}
		return $found;
	}

	/**
	 * Returns a row of the table in the shape that lists read.
	 *
	 * @param array $row Row of the table.
	 */
	private static function shape( $row ) {
		return array(
			'person'        => (int) $row['person'],
			'customer_id'   => (int) $row['customer_id'],
			'email'         => $row['email'],
			'name'          => $row['name'],
			'segment'       => $row['segment'],
			'segment_since' => Wcflow_Streams::stamp( $row['segment_since'] ),
			'tier'          => $row['tier'],
			'points'        => null === $row['points'] ? null : (int) $row['points'],
			'status'        => $row['status'],
			'spent'         => preg_replace( '/(\.\d\d\d*?)0*$/D', '$1', $row['spent'] ),
			'currency'      => $row['currency'],
			'orders'        => (int) $row['orders'],
			'last_order'    => Wcflow_Streams::stamp( $row['last_order'] ),
			'company'       => $row['company'],
			'tags'          => Wcflow_Streams::decode( $row['tags'] ),
			'groups'        => Wcflow_Streams::decode( $row['groups_json'] ),
			'reasons'       => Wcflow_Streams::decode( $row['reasons'] ),
			'generation'    => $row['generation'],
			'updated_at'    => Wcflow_Streams::stamp( $row['updated_at'] ),
		);
	}
}
